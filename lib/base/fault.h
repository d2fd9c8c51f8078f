/* fault.h: named places where a test can break us.
 *
 * In builds with -DFAULT_POINTS the variable LAZARETTE_FAULT holds
 * "name:action" or "name:action:N" (the Nth time the place is reached), where
 * action is kill (SIGKILL to ourselves), stop (SIGSTOP), abort, or sleep
 * (10 s) or eat (allocates until there is no more). `grep -rn "FAULT(" lib worker cgi`
 * lists them. In other builds a place costs nothing.
 *
 * LAZARETTE_FAULT_CONTROL=<name> switches one guard of ours off, so that a test
 * can show that it would notice: FAULT_CONTROL(name) is true then.
 */
#ifndef LIB_BASE_FAULT_H
#define LIB_BASE_FAULT_H

#include <stdbool.h>

#ifdef FAULT_POINTS
void fault_reach(const char *name);
bool fault_control(const char *name);
#define FAULT(name) fault_reach(name)
#define FAULT_CONTROL(name) fault_control(name)
#else
#define FAULT(name) ((void)0)
#define FAULT_CONTROL(name) false
#endif

#endif
