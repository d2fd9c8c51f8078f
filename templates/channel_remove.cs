<?cs # channel_remove.cs: is this channel to be removed? ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<p class="lead"><?cs var:channel.name ?> (<?cs var:channel.kind ?>: <?cs var:channel.target ?>) hears of nothing any more. What waits for it is given up, its log is no longer shown, and its address is forgotten.</p>
<form method="post" action="<?cs var:channel.href ?>/remove"><?cs call:secret() ?><div class="actions"><button type="submit" class="button is-danger">Remove <?cs var:channel.name ?></button> <a class="button" href="<?cs var:channel.href ?>">Keep it</a></div></form>
<?cs include!"foot.cs" ?>
