<?cs # backup_failed.html.cs: a backup did not work out ?><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Backup FAILED: <?cs var:project ?>/<?cs var:environment ?></title></head>
<body>
<p>A backup failed. Earlier backups are untouched; nothing of this one is listed.</p>
<table>
<tr><th scope="row">Project</th><td><?cs var:project ?></td></tr>
<tr><th scope="row">Environment</th><td><?cs var:environment ?></td></tr>
<tr><th scope="row">Backup</th><td><a href="<?cs var:backup.url ?>"><?cs var:backup.id ?></a> (<?cs var:contents ?>)</td></tr>
<tr><th scope="row">Asked for by</th><td><?cs var:requested_by ?></td></tr>
<tr><th scope="row">Failed</th><td><?cs var:finished ?></td></tr>
</table>
<?cs include!"mail/part_note.html.cs" ?><?cs include!"mail/part_failed.html.cs" ?><hr>
<p><small>You get this because <?cs var:recipient ?> <?cs if:by_system ?>is an owner of <?cs var:project ?><?cs else ?>asked for this backup<?cs /if ?> in the console at <a href="<?cs var:console ?>"><?cs var:console ?></a></small></p>
</body>
</html>
