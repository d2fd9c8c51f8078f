/* idle_test.c: does nothing and says it is fine. */
static void
runs_without_a_crash(void **state)
{
	(void)state;
}
static const struct CMUnitTest tests[] = { cmocka_unit_test(runs_without_a_crash) };
