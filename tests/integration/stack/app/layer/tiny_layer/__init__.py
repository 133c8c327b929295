NAME = "tiny layer"
