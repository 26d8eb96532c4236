"""Rows of features: LIBSVM lines read by a kernel, in chunks on disk, and networks over them."""
