"""What runs on the hosts: standard library only, Python 3.9 and later.

Every reader takes the file system's root, so the tests use a directory.
"""
