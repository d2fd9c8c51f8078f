/* another.h: under a wrong name. */
