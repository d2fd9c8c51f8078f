<?cs # schedule_remove.cs: what becomes of the backups of a schedule that goes ?><?cs include!"macros.cs" ?><?cs include!"part_schedule.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<form class="panel narrow" method="post" action="<?cs var:s.href ?>/remove"><?cs call:secret() ?>
<p>“<?cs var:s.name ?>” of <?cs var:place ?> makes no more backups: <?cs call:schedule_when(s) ?>.</p>
<?cs if:count ?><?cs set:keeping = "They stay listed, can be restored, and go when the retention of the environment says so." ?><?cs if:own ?><?cs set:keeping = "They stay listed and can be restored. The schedule’s own keeps end with it: from now on its backups go by the retention of the environment." ?><?cs /if ?><fieldset><legend>Its <?cs var:count ?> backup<?cs if:count != "1" ?>s<?cs /if ?></legend>
<?cs call:radio("backups", "keep", "Keep them", keeping, "1") ?>
<?cs if:page.may.delete ?><?cs call:radio("backups", "delete", "Move them to the trash", "From there they can be put back for a few days. Those marked as kept stay.", "") ?><?cs /if ?></fieldset>
<?cs else ?><p class="muted">It has made no backups that are still there.</p>
<?cs /if ?><?cs if:go_count ?><div class="notice is-bad"><?cs call:icon("warning") ?><div><p><strong>Without the keeps of this schedule <?cs var:go_count ?> backup<?cs if:go_count == "1" ?> goes<?cs else ?>s go<?cs /if ?> tonight (<?cs call:size(go_size) ?>).</strong> They can be put back from the trash for a time.</p><input type="hidden" name="list" value="<?cs var:list ?>">
<?cs call:input(typed, "typed", "Type " + go_count, "The number of backups that go; to move those of the schedule to the trash it is not asked for", "number") ?></div></div>
<?cs /if ?><div class="actions"><?cs call:button("Remove the schedule", "danger") ?> <a class="button" href="<?cs var:base ?>/schedule">Cancel</a></div>
</form>
<?cs include!"foot.cs" ?>
