<?cs # compare_fragment.cs: the changing part alone ?><?cs include!"macros.cs" ?><?cs include!"part_compare.cs" ?>
