"""The models: one module or package each, behind `engine.runner.Runner`."""
