<?cs # restore_tested.html.cs: what a test restore found ?><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Test restore: <?cs var:project ?>/<?cs var:environment ?></title></head>
<body>
<p>The backup was restored into a scratch target and <?cs if:equal ?>is equal to<?cs else ?>DIFFERS from<?cs /if ?> what was backed up.</p>
<table>
<tr><th scope="row">Project</th><td><?cs var:project ?></td></tr>
<tr><th scope="row">Environment</th><td><?cs var:environment ?></td></tr>
<tr><th scope="row">Backup</th><td><a href="<?cs var:backup.url ?>"><?cs var:backup.id ?></a> (<?cs var:contents ?>), made <?cs var:taken ?></td></tr>
<tr><th scope="row">Asked for by</th><td><?cs var:requested_by ?></td></tr>
<?cs if:duration ?><tr><th scope="row">Took</th><td><?cs var:duration ?></td></tr>
<?cs /if ?><tr><th scope="row">Ended</th><td><?cs var:finished ?></td></tr>
</table>
<?cs include!"mail/part_note.html.cs" ?><p>Result:</p>
<p><strong><?cs var:result ?></strong></p>
<p><a href="<?cs var:backup.url ?>">The backup</a></p>
<p><a href="<?cs var:job.url ?>">The log</a></p>
<hr>
<p><small>You get this because <?cs var:recipient ?> <?cs if:watches ?>watches <?cs var:project ?>/<?cs var:environment ?><?cs else ?>asked for this<?cs /if ?> in the console at <a href="<?cs var:console ?>"><?cs var:console ?></a></small></p>
</body>
</html>
