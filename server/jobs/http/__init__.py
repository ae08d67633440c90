"""The job API: what `/v1/notes` and what lies below it answer."""
