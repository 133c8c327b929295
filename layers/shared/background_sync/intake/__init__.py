"""The intake: webhooks of Kapso, received and recorded. An option that nothing else imports."""
