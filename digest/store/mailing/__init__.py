"""The ledger of mails: deliveries, leases, rates, bounces, mails to one person."""
