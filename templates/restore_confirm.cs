<?cs # restore_confirm.cs: the last step of a restore: what will change, and the decision ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<ol class="steps"><li class="is-done"><?cs call:icon("ok") ?>1 What</li><li class="is-done"><?cs call:icon("ok") ?>2 Where</li><li class="is-now">3 Confirm</li></ol>
<?cs include!"part_restore_confirm.cs" ?>
<?cs include!"foot.cs" ?>
