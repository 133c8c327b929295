"""The outcome counts of `rules.counts.TOTALLED`, as attributes: a run's own, and a sweep's sums of them."""

from pynamodb.attributes import NumberAttribute


class Outcomes:
    """Mixed into the records that keep outcome counts; null where nothing was counted yet."""

    contacts_checked = NumberAttribute(null=True)
    stale_found = NumberAttribute(null=True)
    flagged = NumberAttribute(null=True)
    fresh = NumberAttribute(null=True)
    closed_leads = NumberAttribute(null=True)
    invalid = NumberAttribute(null=True)
    in_cooldown = NumberAttribute(null=True)
    over_cap = NumberAttribute(null=True)
    lost_race = NumberAttribute(null=True)
    unwritable = NumberAttribute(null=True)
    confirmed_quiet = NumberAttribute(null=True)
    unverified = NumberAttribute(null=True)
    invalid_setting = NumberAttribute(null=True)
    superseded = NumberAttribute(null=True)
    skipped = NumberAttribute(null=True)
    verified = NumberAttribute(null=True)
    in_step = NumberAttribute(null=True)
    behind = NumberAttribute(null=True)
    missing = NumberAttribute(null=True)
    repaired = NumberAttribute(null=True)
    created = NumberAttribute(null=True)
    ahead = NumberAttribute(null=True)
    unknown = NumberAttribute(null=True)
    reported = NumberAttribute(null=True)
    renamed = NumberAttribute(null=True)
    unreadable = NumberAttribute(null=True)
    deferred = NumberAttribute(null=True)
    webhook_off = NumberAttribute(null=True)
    failed_deliveries = NumberAttribute(null=True)
