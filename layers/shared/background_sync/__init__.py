"""Background Sync: makes a CRM's mirror of WhatsApp contacts trustworthy.

Each package imports only those below it:

    sync/ and status/   what a sweep does; how sync is doing (neither imports the other)
    records/            the three DynamoDB tables
    kapso/              the client of Kapso's API
    rules/              pure functions of plain values

The CRM itself uses `background_sync.records.contacts.record_activity`.
"""
