"""What comes back from mails: refusals, bounces and complaints, and whether an address is suppressed."""
