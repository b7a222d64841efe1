"""The probe: a request, split at every offset, and what each of the splits got, judged against the whole one."""
