"""A recipe that somebody plays with: values change, and what is looked at follows."""
