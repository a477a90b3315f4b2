"""The home's Wi-Fi: what is on the air, joining it, and the access point that the box opens."""
