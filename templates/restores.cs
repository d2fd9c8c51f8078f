<?cs # restores.cs: what was restored into an environment ?><?cs include!"macros.cs" ?><?cs include!"part_restore_row.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:subcount(restores) ?><?cs call:restore_table(restores, "Restores") ?>
<?cs call:pager(pager) ?>
<?cs else ?><div class="empty"><?cs if:drill.id ?><?cs call:empty("No restores yet", "A drill is cheap: a test restore brings a backup back into a scratch service, compares it and removes it again.") ?><div class="actions"><?cs if:page.may.restore ?><?cs call:act(drill.href + "/test", "Test-restore " + drill.id, "primary") ?><?cs /if ?> <a class="button" href="<?cs var:base ?>/backups">To the backups</a></div><?cs else ?><?cs call:empty("No restores yet", "A restore begins with a backup; there is no good one yet.") ?><div class="actions"><a class="button is-primary" href="<?cs var:base ?>/backups">To the backups</a></div><?cs /if ?></div>
<?cs /if ?><p class="muted"><a href="/help/restore">What a restore does, and how it is undone</a></p>
<?cs include!"foot.cs" ?>
