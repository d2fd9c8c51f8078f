<?cs # restore.cs: one restore ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_restore.cs" ?>
<?cs include!"foot.cs" ?>
