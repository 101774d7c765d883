"""Hub: sessions of events."""

from marquee.http import Api

handler = Api("hub")
