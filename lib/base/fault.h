/* fault.h: named places where a test can break us.
 *
 * In builds with -DFAULT_POINTS the variable LAZARETTE_FAULT holds
 * "name:action" or "name:action:N" (the Nth time the place is reached), where
 * action is kill (SIGKILL to ourselves), stop (SIGSTOP), abort, or sleep
 * (10 s). `grep -rn "FAULT(" lib worker cgi` lists them. In other builds
 * a place costs nothing.
 */
#ifndef LIB_BASE_FAULT_H
#define LIB_BASE_FAULT_H

#ifdef FAULT_POINTS
void fault_reach(const char *name);
#define FAULT(name) fault_reach(name)
#else
#define FAULT(name) ((void)0)
#endif

#endif
