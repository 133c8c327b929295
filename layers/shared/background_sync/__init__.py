"""Background Sync: makes a CRM's mirror of WhatsApp contacts trustworthy.

Dependencies point one way: handlers -> `usecases` -> `rules`; `rules` imports no AWS library.
For the CRM itself the package offers `background_sync.records.contacts.record_activity`.
"""
