"""The storage half of the site at work: stations, key cabinets, combinations, custody, transports, what falls due."""
