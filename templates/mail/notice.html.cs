<?cs # notice.html.cs: something happened that this address wanted to be told ?><!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title><?cs var:title ?></title></head>
<body>
<p><strong><?cs var:title ?></strong></p>
<?cs if:subcount(lines) ?><p><?cs each:line = lines ?><?cs var:line ?><br>
<?cs /each ?></p>
<?cs /if ?><?cs if:at ?><p>When: <?cs var:at ?></p>
<?cs /if ?><?cs if:url ?><p><a href="<?cs var:url ?>">Open in the console</a></p>
<?cs /if ?><hr>
<p><small>You get this because <?cs var:recipient ?> is the channel “<?cs var:channel ?>” in the console at <a href="<?cs var:console ?>"><?cs var:console ?></a></small></p>
</body>
</html>
