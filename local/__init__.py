"""Glue that deploys the template to an emulator on this machine and talks to it. Nothing here is deployed."""
