"""What users read: dates, labels and sentences, in Dutch and English. Decides nothing."""
