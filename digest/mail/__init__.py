"""Mail: composing messages, sending them, judging servers' replies, and receiving bounces and complaints."""
