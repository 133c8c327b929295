"""The status page: HTML made here, without a script, a framework or anything from elsewhere."""
