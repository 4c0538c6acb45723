"""What a display is made of: panels that paint whole lines."""
