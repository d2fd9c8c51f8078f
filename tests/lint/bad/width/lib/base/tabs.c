/* tabs.c: tabs count as eight. */
int										tabs_too_many, tabs_to_count;
