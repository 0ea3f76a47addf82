"""What several demos share: options, plots, pictures, the gallery, the notebooks."""
