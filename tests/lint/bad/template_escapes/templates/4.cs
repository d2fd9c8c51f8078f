<?cs # 4.cs: one hole ?><p><?cs name:x ?></p>
