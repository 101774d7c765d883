"""Money: integer minor units inside, a JSON number with the currency's decimals outside."""

from decimal import Decimal

# ISO 4217 active currencies by the decimals of their minor unit (list one of the standard, 2024 edition).
_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_TWO = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
    CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD
    KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
    NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
    THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG
"""
_EXPONENTS = {
    code: places for places, codes in ((0, _ZERO), (2, _TWO), (3, _THREE), (4, _FOUR)) for code in codes.split()
}


def is_currency(code: str) -> bool:
    """Whether `code` is an active ISO 4217 currency, in upper case."""
    return code in _EXPONENTS


def exponent(currency: str) -> int:
    """How many decimals the currency's minor unit has (EUR 2, JPY 0, KWD 3). Raises KeyError for no currency."""
    return _EXPONENTS[currency]


def to_number(minor: int, currency: str) -> float | int:
    """Minor units as the JSON number to send: 123450 EUR is 1234.5; JPY stays an integer.

    A double gives 15 decimal digits back unchanged, so an amount below 10**15 minor units is exact on the wire;
    arithmetic never sees it.
    """
    places = exponent(currency)
    return minor if places == 0 else float(Decimal(minor).scaleb(-places))


def to_minor(amount: Decimal, currency: str) -> int | None:
    """The inverse: an amount in minor units, exactly; None where it has more decimals than the currency."""
    minor = amount.scaleb(exponent(currency))
    return int(minor) if minor == minor.to_integral_value() else None
