"""The wire: an OPC UA client that browses, subscribes, writes and calls, and reconnects by itself. Knows no Textual."""
