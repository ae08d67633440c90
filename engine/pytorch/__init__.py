"""What the models made of PyTorch share: how a checkpoint is read, and where it is computed."""
