"""The pages that a phone gets in the access point of a speaker that is being set up."""
