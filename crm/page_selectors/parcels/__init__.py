"""What the parcel pages show: lists of AWBs looked through, orders to ship and to pick, handover sheets, returns."""
