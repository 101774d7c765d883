"""Hub: events of organisers, their lists, tickets and images; publishing and cancelling."""

from marquee.http import Api

handler = Api("hub")
