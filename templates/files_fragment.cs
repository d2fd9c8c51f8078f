<?cs # files_fragment.cs: the changing part alone ?><?cs include!"macros.cs" ?><?cs include!"part_files.cs" ?>
