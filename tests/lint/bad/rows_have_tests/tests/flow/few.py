"""few.py: names only T51, and DIV-14 which is not DIV-1."""
