"""Here only to say that ``autograd.numpy`` belongs to another project."""

raise ImportError(
    "autograd.numpy belongs to another project, also called autograd (pip install autograd). This "
    "is overnight-autograd, a scalar engine without arrays of its own: in a fresh environment "
    "install the other one, or write `from autograd import Value` and plain arithmetic"
)
