"""The tape executor: graphs without structure, as flat arrays that fixed kernels interpret."""
