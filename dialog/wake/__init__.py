"""The wake phrase by Myna's own acoustic model: any phrase that can be written down."""
