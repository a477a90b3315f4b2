"""How the acoustic model is made; needs ``training/requirements.txt``, never the device's."""
