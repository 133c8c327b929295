"""The pages of the local stack that name workspaces and contacts. They are never deployed.

local.py       what is served at `/` of the local stack
workspaces.py  the pages as HTML
flagged.py     a workspace's flagged contacts, from the tables
"""
