"""The status page: plain HTML, without a script, a framework or anything loaded from elsewhere."""
