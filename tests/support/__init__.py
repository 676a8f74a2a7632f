"""What tests share: builders, fakes and real servers on loopback."""
