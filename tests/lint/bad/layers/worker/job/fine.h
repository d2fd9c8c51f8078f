/* fine.h: nothing is wrong here. */
