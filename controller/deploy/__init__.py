"""What a site needs around its controller in production, made from names: a broker's settings, units for systemd.

Nothing here runs beside the controller. `sekimori deploy` writes files for somebody to look at and to install.
"""
