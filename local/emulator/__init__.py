"""What runs inside the emulator's own Python: nothing here may import a package that is not installed there."""
