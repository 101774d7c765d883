"""What the Hub's documentation promises of each answer, as paths and types, and an event in which everything is set.

`[]` in a path goes into every element of a list, which must not be empty. A type that ends in `?` may be null.
"""

from collections.abc import Iterator
from typing import Any

from tests.support.hub import VENUE, recurring

TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "flag": (bool,),
    "whole": (int,),
    "number": (int, float),
    "list": (list,),
    "object": (dict,),
}


def _paths(table: str) -> dict[str, str]:
    """The lines of a table, each ``type path path ...``, by path."""
    rows = (line.split() for line in table.strip().splitlines())
    return {path: kind for kind, *paths in rows for path in paths}


def _under(prefix: str, paths: dict[str, str]) -> dict[str, str]:
    return {f"{prefix}.{path}": kind for path, kind in paths.items()}


MOMENT = {"utc": "text", "local": "text"}
MOMENT_OR_NEVER = {"utc": "text?", "local": "text?"}

EARLY_BIRD = {
    **_paths(
        """
        text? discount_type
        number? discount
        text type
        flag is_enable_customise_discount_start
        object discount_starts_on discount_ends_on
        text discount_starts_on.occurrence_discount_start_type discount_starts_on.occurrence_discount_start_offset
        text discount_ends_on.occurrence_discount_end_type discount_ends_on.occurrence_discount_end_offset
        """
    ),
    **_under("discount_starts_on", MOMENT_OR_NEVER),
    **_under("discount_ends_on", MOMENT_OR_NEVER),
}

LEVEL = {
    **_paths(
        """
        text uuid display_order name category
        text? description session_id parent_id url_digital_pass ticket_instruction
        whole quantity max_quantity_per_customer quantity_sold total_purchased_by_user
        number min_donation_amount max_donation_amount default_donation_amount
        flag status
        text pricing_details[].uuid
        text? pricing_details[].variation
        number pricing_details[].price
        whole pricing_details[].quantity_included pricing_details[].quantity_sold
        list coupons settings custom_attributes
        """
    ),
    **_under("early_bird_discount", EARLY_BIRD),
    **_under("created_on", MOMENT),
}

_SWITCHES = (
    "digital_pass discount coupon service_charge sell_session sell_session_individually sell_tickets_on_venue "
    "special_instruction waiting_list qr_code configure_ticket_remaining"
)

SETTINGS = {
    **_paths(
        """
        text booking_starts_on.type booking_starts_on.level booking_ends_on.type booking_ends_on.level
        text booking_starts_on.occurrence_booking_start_type booking_starts_on.occurrence_booking_start_offset
        text booking_ends_on.occurrence_booking_end_type booking_ends_on.occurrence_booking_end_offset
        flag booking_starts_on.hide_ticket_until_booking_start
        whole event_capacity max_ticket_per_customer configure_ticket_remaining.remaining_tickets
        text terminology
        flag enable_guest_checkout enable_share enable_ticket_mandatory enable_rsvp include_tax_or_gst dgr_status
        flag enable_full_day enable_ticket_countdown hide_ticket_until_booking_start restrict_ticket_sale
        flag enable_gift_a_ticket configure_ticket_remaining.hide_on_the_event_details
        text? boxoffice blockout_period restrictions company_registration_details abn_activate_on
        text? organisation_entity_name
        flag custom_thumbnails.enabled custom_seo_details.enabled
        text? custom_thumbnails.thumbs.portrait custom_thumbnails.thumbs.landscape
        text? custom_seo_details.title custom_seo_details.description custom_seo_details.image
        flag collect_additional_info_from_buyer.enabled collect_additional_info_from_buyer.mandatory
        flag ticket_scanning.enabled ticket_scanning.allow_scanning_only_during_event_hour
        flag configure_pricing_display_text.enabled
        text configure_pricing_display_text.display
        list tracking_codes terms_and_condition
        flag reminder_email_before_event.enabled reminder_email_before_event.include_ticket
        flag reminder_email_after_event.enabled
        whole reminder_email_before_event.reminder_email_time reminder_email_after_event.reminder_email_time
        flag custom_ticket_id.enabled
        text custom_ticket_id.ticket_id_prefix
        """
    ),
    **_under("booking_starts_on", MOMENT),
    **_under("booking_ends_on", MOMENT),
    **{f"{name}.enabled": "flag" for name in _SWITCHES.split()},
    **{f"{name}.level": "text" for name in _SWITCHES.split()},
}

_PUBLISHING = {**_paths("text state updated_on"), **_under("published_on", MOMENT_OR_NEVER)}

COUPON = {
    **_paths(
        """
        text uuid name code discount_type
        number discount_amount
        whole uses_per_coupon total_used uses_per_customer
        flag status
        """
    ),
    **_under("starts_on", MOMENT),
    **_under("ends_on", MOMENT),
}

SESSION = {
    **_paths(
        """
        text uuid status name display_name description created_on updated_on occurrences.type
        text? image
        flag sell_session
        whole capacity duration
        list occurrences.uuid
        text tickets[].uuid
        whole tickets[].quantity_sold tickets[].total_purchased_by_user
        text? tickets[].pricing_details[].uuid
        whole tickets[].pricing_details[].quantity_sold
        """
    ),
    **_under("session_starts_on", MOMENT),
    **_under("session_ends_on", MOMENT),
}

# What the samples of creating, duplicating, listing and reading an event have in common, all taken together.
EVENT = {
    **_paths(
        """
        text uuid name display_name slug description timezone currency created_on updated_on
        text? status ticket_instruction store_url
        text location
        flag premium enable_datetime_conversion event_reviewed event_settings_reviewed
        text extended_status[].name extended_status[].value
        text banner[].name banner[].image thumbnail.name thumbnail.image
        flag banner[].primary thumbnail.primary
        list resources survey_configuration custom_attributes
        text links[].name links[].value
        text tax[].name
        any tax[].value
        text event_occurrence[].uuid
        flag event_occurrence[].enabled
        list event_occurrence[].timeslots event_occurrence[].sessions event_occurrence[].tickets
        text occurrence.type occurrence.attributes.event_duration
        text occurrence.attributes.occurrence_ends.type occurrence.attributes.occurrence_ends.value
        list occurrence.exclusions
        text org.uuid org.name org.slug org.metrics[].name org.interactions.preferences[].name
        text? org.info org.image org.interactions.follows org.interactions.mutes
        any org.metrics[].value org.interactions.preferences[].value
        object? org.interactions.followed_by
        text configuration.type configuration.attributes[].name
        any configuration.attributes[].value
        flag tickets.price_is_fee_inclusive tickets.price_is_tax_inclusive
        flag listing.enabled listing.visibility_in_org_profile
        text listing.categories[].uuid listing.categories[].name
        text? listing.categories[].description listing.categories[].url listing.categories[].image
        list listing.tags
        flag sessions.enabled refund.available refund.policy.automatic
        text sessions.type refund.policy.amount.discount_type
        list sessions.session_lists
        whole refund.policy.cancel_before_event_starts
        number refund.policy.amount.discount_unit
        text metrics[].name
        any metrics[].value
        text fees.currency fees.rate[].name fees.tax[].name
        text? fees.pass_on
        any fees.rate[].value fees.tax[].value
        flag fees.price_is_tax_inclusive
        list interactions.saves interactions.shares interactions.attendees interactions.speaker
        list interactions.reviews interactions.waiting_list interactions.join_url merchandise.products
        text event_code.type
        text? event_code.value event_code.image
        text activities[].name
        any activities[].value
        """
    ),
    **_under("event_occurrence[].start_on", MOMENT),
    **_under("event_occurrence[].end_on", MOMENT),
    **_under("occurrence.attributes.starts_on", MOMENT),
    **_under("coupons[]", COUPON),
    **_under("early_bird_discount", EARLY_BIRD),
    **_under("tickets.levels[]", LEVEL),
    **_under("publising", _PUBLISHING),
    **_under("publishing", _PUBLISHING),
    **_under("settings", SETTINGS),
}
VENUE_PATHS = _paths(
    """
    text name image url latitude longitude
    text address.address_line1 address.address_line2 address.country address.state address.city address.post_code
    """
)

CREATED = {"statusCode": "whole", **_under("result.event", EVENT)}
DUPLICATED = {
    "statusCode": "whole",
    **_under("result.events", EVENT),
    **_under("result.events.sessions.session_lists[]", SESSION),
}
LISTED = {
    "statusCode": "whole",
    **_under("result.events[]", EVENT),
    **_under("result.pagination", _paths("whole records position rows\ntext order_by")),
}
DETAIL = {
    "statusCode": "whole",
    **_under("result.event", EVENT),
    **_under("result.event.sessions.session_lists[]", SESSION),
}
SESSION_CREATED = {"statusCode": "whole", **_under("result.session.session", SESSION)}
SESSION_LISTED = {
    "statusCode": "whole",
    **_under("result.sessions[]", SESSION),
    **_under("result.pagination", _paths("whole records position rows\nobject order_by")),
}
SESSION_DETAIL = {"statusCode": "whole", **_under("result.session", SESSION)}
TOLD = {"statusCode": "whole", "result": "text"}


def broken(answer: Any, promised: dict[str, str]) -> list[str]:
    """What is promised of an answer and not kept: each path with what is wrong there."""
    return [f"{path}: {fault}" for path, kind in promised.items() for fault in _faults(answer, path, kind)]


def _faults(answer: Any, path: str, kind: str) -> Iterator[str]:
    name, _, rest = path.partition(".")
    lists = name.endswith("[]")
    name = name.removesuffix("[]")
    if not isinstance(answer, dict) or name not in answer:
        yield "is missing"
        return
    value = answer[name]
    if lists and not (isinstance(value, list) and value):
        yield "is no list with anything in it"
        return
    for one in value if lists else [value]:
        if rest:
            yield from _faults(one, rest, kind)
        elif not _is(one, kind):
            yield f"{one!r} is no {kind}"


def _is(value: Any, kind: str) -> bool:
    if kind == "any" or (kind.endswith("?") and value is None):
        return True
    kinds = TYPES[kind.removesuffix("?")]
    return isinstance(value, kinds) and (isinstance(value, bool) == (kinds == (bool,)))


def everything(image: str) -> dict[str, Any]:
    """All fields of an event that an organiser can decide, each with a value of its own."""
    window = {"local": "2034-12-01 10:00"}
    early_bird = {
        "discount_type": "percentage",
        "discount": 12.5,
        "type": "specific_time",
        "is_enable_customise_discount_start": True,
        "discount_starts_on": window,
        "discount_ends_on": {"local": "2034-12-24 18:00"},
    }
    return {
        "name": "Aurora Nights",
        "display_name": "Aurora Nights in Munich",
        "description": "Four evenings of northern music.",
        "premium": True,
        "occurrence": recurring("weekly", after=6) | {"exclusions": ["2035-01-31"]},
        "banner": [{"name": "Wide", "image": image, "primary": "true"}],
        "thumbnail": {"name": "Small", "image": image, "primary": False},
        "timezone": "europe/berlin",
        "enable_datetime_conversion": "true",
        "currency": "eur",
        "configuration": {
            "type": "VENUE_EVENT",
            "attributes": [
                {"name": "VENUE", "value": {**VENUE, "image": "https://venue.example/map.png"}},
                {"name": "SURVEY", "value": {"enabled": True, "have_conditions": False, "list": []}},
                {"name": "IS_LIVE", "value": False},
            ],
        },
        "listing": {
            "enabled": True,
            "visibility_in_org_profile": False,
            "featured": True,
            "categories": ["Concert", {"name": "Business", "url": "https://business.example/"}],
            "tags": ["north"],
        },
        "resources": [{"name": "Programme", "url": "https://aurora.example/programme.pdf"}],
        "links": [{"name": "website", "value": "https://aurora.example/"}],
        "tax": [{"name": "CODE", "value": "VAT"}, {"name": "RATE", "value": 19}],
        "survey_configuration": [{"question": "How did you hear of us?"}],
        "coupons": [
            {
                "name": "Friends",
                "code": "FRIENDS",
                "discount_amount": 5.5,
                "discount_type": "FIXED",
                "starts_on": window,
                "ends_on": "2035-01-01 00:00",
                "uses_per_coupon": 100,
                "uses_per_customer": 2,
            }
        ],
        "early_bird_discount": early_bird,
        "tickets": {"price_is_fee_inclusive": True, "price_is_tax_inclusive": True},
        "settings": {
            "booking_starts_on": {"type": "SPECIFIC_TIME", "local": "2034-11-01 09:00"},
            "booking_ends_on": {
                "type": "before_occurrence",
                "occurrence_booking_end_type": "hours",
                "occurrence_booking_end_offset": 2,
            },
            "event_capacity": 5000,
            "max_ticket_per_customer": 8,
            "custom_ticket_id": {"enabled": True, "ticket_id_prefix": "AUR"},
            "custom_seo_details": {"enabled": True, "title": "Aurora", "description": "Music", "image": image},
            "abn_activate_on": "2034-01-01",
        },
        "sessions": {"enabled": True, "type": "MULTIPLE_CHOICE"},
        "refund": {
            "available": True,
            "policy": {
                "cancel_before_event_starts": 48,
                "automatic": True,
                "amount": {"discount_type": "percentage", "discount_unit": 80},
            },
        },
        "ticket_instruction": "Doors open at seven.",
        "fees": {"pass_on": "buyer", "rate": [{"name": "SERVICE_FEE", "value": 1.5}], "tax": [{"name": "CODE"}]},
        "interactions": {"attendees": [{"sub": "ada", "name": "Ada"}], "speaker": [{"sub": "bo"}]},
        "merchandise": {"products": [{"name": "Shirt", "price": 20.5}]},
        "event_settings_reviewed": True,
        "custom_attributes": [{"name": "colour", "value": "green"}],
        "event_code": {"type": "QR", "value": "https://aurora.example/qr", "image": image},
        "activities": [{"name": "PARKING", "value": "free"}],
        "contact_email": "hello@aurora.example",
        "invitations": [{"code": "VIP"}],
    }
