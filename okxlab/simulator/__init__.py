"""The other side of the wire: an OKX v5 exchange on the loopback interface."""
