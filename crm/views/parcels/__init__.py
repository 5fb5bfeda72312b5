"""The parcel rooms: the AWB desk, shipping many, picking, handover sheets, returns by scanner."""
