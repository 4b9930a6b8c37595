"""What people see: representations of streams; never a socket."""
